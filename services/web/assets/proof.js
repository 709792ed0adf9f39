// Solves the challenge of a form, in a worker so that typing stays smooth. See
// services/web/guard/challenge.go for the puzzles.
"use strict";

const PUZZLES = 8;
const BITS = 13;

const primes = (count) => {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((p) => n % p !== 0)) found.push(n);
  }
  return found;
};

/** The first 32 bits of the fraction of a number. */
const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;

// Constants of FIPS 180-4: roots of the first primes.
const ROUND = Int32Array.from(primes(64), (p) => fraction(Math.cbrt(p)));
const START = Int32Array.from(primes(8), (p) => fraction(Math.sqrt(p)));
const words = new Int32Array(64);

const turn = (x, n) => (x >>> n) | (x << (32 - n));

/** First word of SHA-256 of an ASCII text of at most 55 characters: one block. */
function firstWord(text) {
  words.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  words[15] = text.length * 8;
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15];
    const b = words[i - 2];
    const near = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const far = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    words[i] = (words[i - 16] + near + words[i - 7] + far) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + ROUND[i] + words[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
    h = g; g = f; f = e; e = (d + one) | 0;
    d = c; c = b; b = a; a = (one + two) | 0;
  }
  return (START[0] + a) | 0;
}

function solve(challenge) {
  const mac = challenge.slice(challenge.lastIndexOf(".") + 1);
  const answers = [];
  for (let i = 0; i < PUZZLES; i++) {
    let n = 0;
    while (firstWord(mac + ":" + i + ":" + n) >>> (32 - BITS) !== 0) n++;
    answers.push(n);
  }
  return answers.join(",");
}

self.onmessage = ({ data }) => self.postMessage(solve(data));
