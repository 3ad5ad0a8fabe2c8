// Package apitest holds requests and answers of an API against its OpenAPI 3.1 document.
// Only tests may import it: those of the cabinet itself and the kits of its rooms.
//
// It owns the judging: paths, parameters, statuses and headers by kin-openapi, bodies by
// JSON Schema 2020-12. It must not know who serves the document, nor any route.
package apitest
