package index

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
)

// key stands for an id: the bytes of a UUID, whose order is that of its text,
// or a hash of whatever else.
type key [16]byte

const uuidLength = 36

// keyOf returns the key of an id, and whether the id can be told from it: only
// a UUID in lower case can.
func keyOf(id string) (key, bool) {
	var k key
	if len(id) != uuidLength {
		return hashed(id), false
	}
	at := 0
	for i := 0; i < uuidLength; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if id[i] != '-' {
				return hashed(id), false
			}
			continue
		}
		d := digits[id[i]]
		if d > 15 {
			return hashed(id), false
		}
		k[at/2] = k[at/2]<<4 | d
		at++
	}
	return k, true
}

// digits gives the value of each byte as a digit of a UUID, 255 for what is none.
var digits = func() (values [256]byte) {
	for c := range values {
		switch {
		case '0' <= c && c <= '9':
			values[c] = byte(c - '0')
		case 'a' <= c && c <= 'f':
			values[c] = byte(c - 'a' + 10)
		default:
			values[c] = 255
		}
	}
	return values
}()

func hashed(id string) key {
	h := fnv.New128a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	return key(h.Sum(nil))
}

// text returns the UUID.
func (k key) text() string {
	var b [uuidLength]byte
	k.write(b[:])
	return string(b[:])
}

// texts returns two UUIDs, which share their memory.
func texts(k, l key) (string, string) {
	var b [2 * uuidLength]byte
	k.write(b[:uuidLength])
	l.write(b[uuidLength:])
	both := string(b[:])
	return both[:uuidLength], both[uuidLength:]
}

func (k key) write(b []byte) {
	hex.Encode(b[0:], k[:4])
	b[8] = '-'
	hex.Encode(b[9:], k[4:6])
	b[13] = '-'
	hex.Encode(b[14:], k[6:8])
	b[18] = '-'
	hex.Encode(b[19:], k[8:10])
	b[23] = '-'
	hex.Encode(b[24:], k[10:])
}

// slot spreads keys over n places.
func (k key) slot(n int) int {
	x := binary.LittleEndian.Uint64(k[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(k[8:])
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return int((x >> 32) * uint64(n) >> 32)
}

// directory finds rows by key: open addressing over row numbers.
type directory []uint32

func newDirectory(keys []key) directory {
	d := make(directory, len(keys)+len(keys)/3+1)
	for row, k := range keys {
		at := k.slot(len(d))
		for d[at] != 0 {
			at = (at + 1) % len(d)
		}
		d[at] = uint32(row) + 1
	}
	return d
}

// rows calls visit with the rows of a key until it returns true.
func (d directory) rows(keys []key, k key, visit func(row int) bool) {
	for at := k.slot(len(d)); d[at] != 0; at = (at + 1) % len(d) {
		if row := int(d[at]) - 1; keys[row] == k && visit(row) {
			return
		}
	}
}
