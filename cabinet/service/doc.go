// Package service is the catalogue of services and the applications for them:
// licences, registrations, certificates, permits and what else an organisation
// asks of authorities by a form.
//
//	catalogue.json ─► card ─► draft (autosaved, every version kept) ─► check
//	              ─► content to sign ─► submit ─► protocol, and a request of the inbox
//	              ─► expert's questions, more documents ─► result ─► renewal
//
// What a service demands is data: fields with their kinds, lengths and permitted
// characters, rules between fields, documents with formats, sizes and signatures
// (catalogue.go, check.go). From its submission on an application is a request of
// cabinet/request under the same id, which owns its status, thread, files and
// history; this package stands on that one, and that one does not know it.
//
// It must not know how an authority is reached, how people are told, or how a
// signature is verified.
package service
