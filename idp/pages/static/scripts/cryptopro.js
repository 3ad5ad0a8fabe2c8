// The CryptoPro browser plug-in, without its own loader (which needs eval and
// scripts from elsewhere, both forbidden by our Content-Security-Policy).
//
// When the page has window.cadesplugin, its asynchronous objects are used. Else
// the browser extension is asked by its own messages: a request
// {destination: "nmcades", requestid, …} is answered by {tabid, data: {type,
// requestid, …}}; objects live in the extension and are named by an id.

const patience = 5000; // milliseconds that the plug-in has to answer at first

export class PluginMissing extends Error {}

/** Fails with PluginMissing when promise takes longer than ms. */
function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new PluginMissing("no answer")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The extension's side of the conversation. */
class Extension {
  #next = 1; #waiting = new Map();

  constructor() {
    window.addEventListener("message", (event) => {
      if (event.source !== window || !event.data) return;
      if (event.data === "EnableInternalCSP_request") this.#post("EnableInternalCSP=false");
      else if (event.data.tabid && event.data.data) this.#answered(event.data.data);
    });
  }

  /** Resolves when the extension says that it is here. */
  greet() {
    return new Promise((resolve) => {
      const heard = (event) => {
        if (event.source !== window || typeof event.data !== "string" || !event.data.startsWith("cadesplugin_loaded")) return;
        window.removeEventListener("message", heard);
        resolve();
      };
      window.addEventListener("message", heard);
      this.#post("cadesplugin_echo_request");
    });
  }

  /** The object from which all others are made. */
  async root() {
    const { value } = await this.#ask({ type: "init", url: document.URL });
    return { CreateObjectAsync: (name) => this.#call(value, "CreateObject", [name]) };
  }

  #post(message) { window.postMessage(message, window.location.origin); }

  #ask(message) {
    const requestid = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(requestid, { resolve, reject });
      this.#post({ destination: "nmcades", requestid, ...message });
    });
  }

  #answered(data) {
    const waiting = this.#waiting.get(data.requestid);
    if (!waiting || (data.type !== "result" && data.type !== "error")) return;
    this.#waiting.delete(data.requestid);
    if (data.type === "result") waiting.resolve(data);
    else waiting.reject(new Error(String(data.message ?? data.value ?? "")));
  }

  async #call(objid, method, values) {
    return this.#read(await this.#ask({ objid, method, params: values.map(parameter) }));
  }

  /** A value of ours, or an object that speaks for one in the extension. */
  #read({ retval }) {
    if (retval?.type === "number") return parseInt(retval.value, 10);
    if (retval?.type === "boolean") return Boolean(retval.value);
    if (retval?.type !== "object") return retval?.value;
    const objid = retval.value, object = Object.create(null);
    Object.defineProperty(object, "objid", { value: objid });
    for (const name of retval.properties ?? []) {
      const get = async () => this.#read(await this.#ask({ objid, get_property: name }));
      Object.defineProperty(object, name, { get });
      object["propset_" + name] = (value) => this.#ask({ objid, set_property: name, params: [parameter(value)] });
    }
    for (const name of retval.methods ?? []) object[name] = (...values) => this.#call(objid, name, values);
    return object;
  }
}

const parameter = (value) =>
  typeof value === "object" ? { type: "object", value: value.objid } : { type: typeof value, value };

/** What makes objects of the plug-in, from the page or from the extension. */
async function connect(ms) {
  const loaded = window.cadesplugin;
  if (loaded) {
    await within(ms, Promise.resolve(loaded)); // a promise that also has the methods
    if (loaded.CreateObjectAsync) return { CreateObjectAsync: (name) => loaded.CreateObjectAsync(name) };
  }
  const extension = new Extension();
  await within(ms, extension.greet());
  return within(ms, extension.root());
}

// Constants of CAPICOM and CAdESCOM.
const everythingButRoot = 0; // CAPICOM_CERTIFICATE_INCLUDE_CHAIN_EXCEPT_ROOT
const base64ToBinary = 1; // CADESCOM_BASE64_TO_BINARY
const cadesBES = 1; // CADESCOM_CADES_BES

/** The plug-in that answered: its certificates, and signatures by them. */
export class Plugin {
  #root;

  constructor(root) { this.#root = root; }

  /** Throws PluginMissing when nothing answers in time (milliseconds). */
  static async find(ms = patience) {
    try {
      return new Plugin(await connect(ms));
    } catch (error) {
      if (error instanceof PluginMissing) throw error;
      throw new PluginMissing(error?.message ?? String(error));
    }
  }

  /** The personal certificates, each with what is needed to judge and show it. */
  async certificates() {
    const store = await this.#root.CreateObjectAsync("CAdESCOM.Store");
    await store.Open();
    const all = await store.Certificates, out = [];
    for (let i = 1, count = await all.Count; i <= count; i++) out.push(await this.#describe(await all.Item(i)));
    await store.Close?.();
    return out;
  }

  async #describe(certificate) {
    try {
      const key = await (await certificate.PublicKey()).Algorithm;
      return {
        handle: certificate,
        subject: distinguished(await certificate.SubjectName),
        issuer: distinguished(await certificate.IssuerName),
        from: new Date(await certificate.ValidFromDate),
        to: new Date(await certificate.ValidToDate),
        algorithm: await key.Value,
        hasKey: await certificate.HasPrivateKey(),
      };
    } catch {
      return { handle: certificate, unreadable: true, subject: {}, issuer: {} };
    }
  }

  /** A detached CAdES-BES over content (bytes), in base64. */
  async sign(certificate, content) {
    const signer = await this.#root.CreateObjectAsync("CAdESCOM.CPSigner");
    await signer.propset_Certificate(certificate.handle);
    await signer.propset_Options?.(everythingButRoot);
    const data = await this.#root.CreateObjectAsync("CAdESCOM.CadesSignedData");
    await data.propset_ContentEncoding(base64ToBinary);
    await data.propset_Content(toBase64(content));
    return (await data.SignCades(signer, cadesBES, true)).replace(/\s+/g, "");
  }
}

export function toBase64(bytes) {
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
}

// The plug-in writes names as text, with the attributes in Latin or Russian.
const names = {
  CN: "name", O: "organisation", SNILS: "snils", СНИЛС: "snils", "OID.1.2.643.100.3": "snils",
  INN: "inn", ИНН: "inn", "OID.1.2.643.3.131.1.1": "inn", INNLE: "innle", "ИНН ЮЛ": "innle", "OID.1.2.643.100.4": "innle",
};

/** The parts of a distinguished name (RFC 4514, with CryptoPro's quoting) that are shown. */
export function distinguished(text) {
  const out = { text };
  for (const [, type, quoted, plain] of text.matchAll(/(?:^|,)\s*([^=,]+?)\s*=\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const name = names[type.trim()];
    if (name && !out[name]) out[name] = (quoted?.replaceAll('""', '"') ?? plain).trim();
  }
  return out;
}
