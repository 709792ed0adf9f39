// Signs and verifies with the public JavaScript library of Standard Webhooks, and
// with Node's own HMAC as DingTalk and Feishu document it:
//   npm install --no-package-lock && npm run make
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const secrets = ["whsec_" + Buffer.from("a secret of thirty-two bytes, ok").toString("base64"), "whsec_" + Buffer.alloc(24, 7).toString("base64")];
const time = 1795593600; // 2026-11-25T08:00:00Z
Date.now = () => time * 1000; // the library refuses what is old

const bodies = ['{"specversion":"1.0","id":"x","data":{"state":"open"}}', '{"text":"西安市有新需求 & <b> 😀"}', "{}"];
const webhooks = bodies.map((body, i) => {
  const id = `01900000-0000-7000-8000-00000000000${i}`;
  const signature = secrets.map((secret) => new Webhook(secret).sign(id, new Date(time * 1000), body)).join(" ");
  for (const secret of secrets) {
    new Webhook(secret).verify(body, { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": signature });
  }
  return { id, time, body, secrets, signature };
});

const robots = ["SEC9f2b0c", "IlMgbDXf5PPbiJQ3"].map((secret) => {
  const hmac = (key, message) => createHmac("sha256", key).update(message).digest("base64");
  const milliseconds = String(time * 1000);
  const seconds = String(time);
  return {
    secret,
    time,
    dingtalk: encodeURIComponent(hmac(secret, milliseconds + "\n" + secret)),
    feishu: hmac(seconds + "\n" + secret, ""),
  };
});

writeFileSync(new URL("../signatures.json", import.meta.url), JSON.stringify({ webhooks, robots }, null, 2) + "\n");
