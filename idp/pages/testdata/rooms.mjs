// What the scripts of the cabinet's rooms do without a page: node --test.
import assert from "node:assert/strict";
import { test } from "node:test";

import { address } from "../static/scripts/live.js";
import { digest, memory, size } from "../static/scripts/upload.js";
import { reason } from "../static/scripts/push.js";

test("a filter's address leaves out what is empty and escapes the rest", () => {
  assert.equal(address("/cabinet/requests", [["q", ""], ["status", ""]]), "/cabinet/requests");
  assert.equal(address("/cabinet/requests", [["q", "НДС & ко"], ["status", "open"]]), "/cabinet/requests?q=%D0%9D%D0%94%D0%A1+%26+%D0%BA%D0%BE&status=open");
});

test("sizes are read as people do", () => {
  assert.equal(size(1023, "ru"), "1\u00a0023 Б");
  assert.equal(size(1536, "ru"), "1,5 КБ");
  assert.equal(size(1536, "en"), "1.5 KB");
  assert.equal(size(10 * 1024 * 1024, "ru"), "10 МБ");
});

test("a piece is named by its digest (RFC 9530)", async () => {
  assert.equal(await digest(new TextEncoder().encode('{"hello": "world"}\n')), "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
});

test("an unfinished upload is remembered of this very file alone", () => {
  const file = { name: "a.pdf", size: 5, lastModified: 7 };
  assert.notEqual(memory(file), memory({ ...file, lastModified: 8 }));
  assert.equal(memory(file), memory({ ...file }));
});

test("each refusal of a subscription has its words", () => {
  const told = (name) => reason(Object.assign(new Error(), { name }));
  assert.deepEqual(["NotAllowedError", "AbortError", "InvalidStateError"].map(told), ["denied", "unreachable", "failed"]);
});
