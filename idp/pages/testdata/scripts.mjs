// What the page's scripts do without a page: node --test.
import assert from "node:assert/strict";
import { test } from "node:test";

import { met, strength } from "../static/scripts/strength.js";
import { readOptions, reason, writeCredential } from "../static/scripts/passkey.js";
import { distinguished, Plugin, PluginMissing } from "../static/scripts/cryptopro.js";
import { unfit } from "../static/scripts/fitness.js";

test("a password meets each rule by itself", () => {
  assert.deepEqual(met("", 8, []), { length: false, cases: false, digit: false, special: false, own: false });
  assert.deepEqual(met("Янтарь-41", 8, ["Елена"]), { length: true, cases: true, digit: true, special: true, own: true });
  assert.equal(met("aaaaaaaa", 8, []).cases, false);
  assert.equal(met("Пёс Пёс1", 8, []).special, false, "a space is no sign");
  assert.equal(met("🦊🦊🦊🦊", 8, []).length, false, "characters are counted, not code units");
});

test("a password must not hold a part of the name or login, in any case or with ё for е", () => {
  assert.equal(met("ELENA-1a-xyz", 8, ["elena.morozova@mayak.example"]).own, false);
  assert.equal(met("Семёнов-1a", 8, ["Семенов"]).own, false);
  assert.equal(met("Vi-1a-xyzq", 8, ["Vi"]).own, true, "two letters are no word");
});

test("strength grows with length and falls with what is guessed first", () => {
  assert.equal(strength(""), 0);
  assert.equal(strength("aaaaaaaaaaaaaaaa"), 0);
  assert.ok(strength("qwertyuiop123456") <= 1);
  assert.ok(strength("йцукенгшщз") <= 1);
  assert.ok(strength("Yantar-41-Vetra") >= 3);
  assert.ok(strength("elena-morozova", ["elena", "morozova"]) < strength("elena-morozova"));
});

test("passkey options become bytes, the answer becomes base64url", () => {
  const options = readOptions(JSON.stringify({ publicKey: { challenge: "_-8", user: { id: "AQI" }, allowCredentials: [{ type: "public-key", id: "AA" }] } }));
  assert.deepEqual([...options.challenge], [0xff, 0xef]);
  assert.deepEqual([...options.user.id], [1, 2]);
  assert.deepEqual([...options.allowCredentials[0].id], [0]);
  assert.deepEqual([...readOptions('{"challenge":"AA"}').challenge], [0], "the wrapper publicKey may be left out");
  const buffer = (...b) => Uint8Array.from(b).buffer;
  const answer = JSON.parse(writeCredential({
    id: "__8", rawId: buffer(255, 255), type: "public-key", getClientExtensionResults: () => ({}),
    response: { clientDataJSON: buffer(251), authenticatorData: buffer(1), signature: buffer(2), userHandle: null, getTransports: () => ["usb"] },
  }));
  assert.deepEqual(answer, {
    id: "__8", rawId: "__8", type: "public-key", clientExtensionResults: {},
    response: { clientDataJSON: "-w", authenticatorData: "AQ", signature: "Ag", transports: ["usb"] },
  });
});

test("each failure of a ceremony has its words", () => {
  const told = (name) => reason(Object.assign(new Error(), { name }));
  assert.deepEqual(["AbortError", "NotAllowedError", "InvalidStateError", "SecurityError", "TypeError"].map(told), ["", "cancelled", "exists", "insecure", "failed"]);
});

const day = 24 * 3600 * 1000, now = new Date("2026-11-22T09:00:00Z");
const good = {
  algorithm: "1.2.643.7.1.1.1.1", hasKey: true, from: new Date(+now - day), to: new Date(+now + day),
  subject: { text: "a", snils: "11223344595" }, issuer: { text: "b" },
};

test("a certificate that cannot work says why, the first reason first", () => {
  const why = (changes, gost = true) => unfit({ ...good, ...changes }, { gost, now })?.[0];
  assert.equal(why({}), undefined);
  assert.equal(why({ unreadable: true }), "why_unreadable");
  assert.equal(why({ to: new Date(+now - 1), hasKey: false }), "why_expired");
  assert.equal(why({ from: new Date(+now + 1) }), "why_early");
  assert.equal(why({ algorithm: "1.2.643.2.2.19" }), "why_gost2001");
  assert.equal(why({}, false), "why_gost");
  assert.equal(why({ algorithm: "1.3.101.112" }), "why_algorithm");
  assert.equal(why({ algorithm: "1.2.840.113549.1.1.1", bits: 1024 }), "why_rsa_short");
  assert.equal(why({ algorithm: "1.2.840.10045.2.1", curve: "1.3.132.0.10", curveFits: false }), "why_algorithm");
  assert.equal(why({ hasKey: false }), "why_no_key");
  assert.equal(why({ signs: false }), "why_usage");
  assert.equal(why({ issuer: { text: "a" } }), "why_self");
  assert.equal(why({ subject: { text: "a" } }), "why_numbers");
});

test("names of the plug-in are read in Latin, in Russian and quoted", () => {
  const got = distinguished('CN=Иванов Иван, O="ООО ""Маяк, Север""", СНИЛС=11223344595, ИНН ЮЛ=7801234561, OID.1.2.643.3.131.1.1=990000000115, CN=Другой');
  assert.equal(got.name, "Иванов Иван");
  assert.equal(got.organisation, 'ООО "Маяк, Север"');
  assert.deepEqual([got.snils, got.innle, got.inn], ["11223344595", "7801234561", "990000000115"]);
});

/** A window with the extension's content script behind it. */
function pretendExtension({ answers = true } = {}) {
  const target = new EventTarget(), log = [];
  globalThis.document = { URL: "https://id.example/signin/certificate", querySelectorAll: () => [] };
  const post = (data) => target.dispatchEvent(Object.assign(new Event("message"), { data, source: globalThis.window }));
  globalThis.window = {
    location: { origin: "https://id.example" },
    addEventListener: target.addEventListener.bind(target), removeEventListener: target.removeEventListener.bind(target),
    postMessage(message, origin) {
      assert.equal(origin, "https://id.example");
      log.push(message);
      if (answers) setTimeout(() => speak(message, post), 1);
    },
  };
  return log;
}

const object = (value, properties = [], methods = []) => ({ type: "object", value, properties, methods });
const plain = (value) => ({ type: typeof value, value });
const script = {
  "CreateObject CAdESCOM.Store": object(2, ["Certificates"], ["Open", "Close"]),
  "CreateObject CAdESCOM.CPSigner": object(6, ["Certificate", "Options"]),
  "CreateObject CAdESCOM.CadesSignedData": object(7, ["Content", "ContentEncoding"], ["SignCades"]),
  "2 Open": { type: "OK" }, "2 Close": { type: "OK" },
  "2 Certificates": object(3, ["Count"], ["Item"]), "3 Count": plain(2),
  "Item 1": object(4, ["SubjectName", "IssuerName", "ValidFromDate", "ValidToDate"], ["PublicKey", "HasPrivateKey"]),
  "Item 2": object(9, ["SubjectName"], ["PublicKey"]),
  "4 PublicKey": object(5, ["Algorithm"]), "5 Algorithm": object(8, ["Value"]), "8 Value": plain("1.2.643.7.1.1.1.1"),
  "4 SubjectName": plain("CN=Иванов, СНИЛС=11223344595"), "4 IssuerName": plain("CN=УЦ"),
  "4 ValidFromDate": plain("2026-01-01T00:00:00.000Z"), "4 ValidToDate": plain("2027-01-01T00:00:00.000Z"), "4 HasPrivateKey": plain(true),
  "7 SignCades": plain("MII\r\nB\r\n"),
};

function speak(message, post) {
  if (message === "cadesplugin_echo_request") return post("cadesplugin_loaded url:chrome-extension://x/nmcades_plugin_api.js");
  if (typeof message !== "object") return;
  const { requestid, type, objid, method, get_property, set_property, params } = message;
  const reply = (data) => post({ tabid: 1, data: { requestid, ...data } });
  if (type === "init") return reply({ type: "result", value: 1 });
  if (set_property) return reply({ type: "result", retval: { type: "OK" } });
  const named = ["CreateObject", "Item"].includes(method) ? `${method} ${params[0].value}` : `${objid} ${method ?? get_property}`;
  const retval = script[named];
  reply(retval ? { type: "result", retval } : { type: "error", message: `no ${named}` });
}

test("the extension is spoken to by its messages: certificates and a signature", async () => {
  const log = pretendExtension();
  const plugin = await Plugin.find();
  const [first, second] = await plugin.certificates();
  assert.deepEqual([first.subject.name, first.subject.snils, first.issuer.name, first.algorithm, first.hasKey], ["Иванов", "11223344595", "УЦ", "1.2.643.7.1.1.1.1", true]);
  assert.equal(first.to.toISOString(), "2027-01-01T00:00:00.000Z");
  assert.equal(second.unreadable, true, "one that fails does not hide the others");
  assert.equal(await plugin.sign(first, new TextEncoder().encode("да")), "MIIB");
  assert.ok(log.every((m) => typeof m === "string" || m.destination === "nmcades"));
  const set = log.filter((m) => m.set_property).map((m) => [m.set_property, m.params[0].value]);
  assert.deepEqual(set, [["Certificate", 4], ["Options", 0], ["ContentEncoding", 1], ["Content", "0LTQsA=="]]);
  const signed = log.find((m) => m.method === "SignCades");
  assert.deepEqual(signed.params.map((p) => p.value), [6, 1, true], "CAdES-BES, detached");
});

test("messages of other windows and of nobody's question are not heard", async () => {
  pretendExtension();
  const plugin = await Plugin.find();
  window.postMessage({ tabid: 1, data: { requestid: 99, type: "result" } }, "https://id.example");
  assert.equal((await plugin.certificates()).length, 2);
});

test("what the page itself loaded is preferred to the extension", async () => {
  const log = pretendExtension();
  window.cadesplugin = Object.assign(Promise.resolve(), { CreateObjectAsync: async () => ({ Open() {}, Certificates: { Count: 0 } }) });
  assert.deepEqual(await (await Plugin.find()).certificates(), []);
  assert.equal(log.length, 0);
});

test("a plug-in that is not there is missed after a while, not for ever", async () => {
  pretendExtension({ answers: false });
  await assert.rejects(Plugin.find(20), PluginMissing);
});

test("a plug-in that refuses to load is missing too", async () => {
  pretendExtension();
  window.cadesplugin = Promise.reject(new Error("no licence"));
  await assert.rejects(Plugin.find(20), PluginMissing);
});
