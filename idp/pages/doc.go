// Package pages is the page kit: the layouts, components, styles, scripts,
// fonts and translations that every page of Propusk is drawn with, and the
// sign-in's own pages.
//
// A page is a plain struct (pages.go, steps.go). The caller fills it with what
// is true and gives it to [Kit.Render], which chooses the language, draws the
// page by html/template and sends it with its Content-Security-Policy. Every
// page works without script, but for passkeys and for signing in the page,
// which a browser does by script only; each has another way beside it.
//
//	propusk.js           on every page: focus, peeking at a password, waiting buttons
//	scripts/passkey.js   sign-in by passkey, also on the login field; making one
//	scripts/strength.js  counts the rules of a new password while one types
//	scripts/idle.js      warns before a session ends; keeps what was typed
//	scripts/signing.js   signs by the CryptoPro plug-in (cryptopro.js) or by a key
//	                     file (keyfile.js, cades.js), of what can sign (fitness.js)
//	scripts/live.js      filters of a list take effect as they are chosen
//	scripts/autosave.js  a long form saves itself
//	scripts/upload.js    uploads in pieces, with progress
//	scripts/push.js      asks the browser for push messages
//	vendor/pki.js        PKI.js and ASN1.js, made by scripts/vendor-scripts; loaded
//	                     when a key file is opened
//
// Scripts are written for browsers from Chrome 89 and Firefox 98 on; an older one
// works as if it had no script. A component brings the script that it needs, and says in data attributes what
// the script works with and which words it may say.
//
// Other rooms (the cabinet in the browser, the demo) add their own templates
// and strings with [Kit.Extend] and draw them as [Custom] pages in the same
// layouts, with the same components.
//
// The package owns how things look and what they are called. It must not know
// how a sign-in proceeds, who a person is, or where anything is stored: it
// imports nothing of ours.
package pages
