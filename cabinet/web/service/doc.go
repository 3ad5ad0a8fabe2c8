// Package service is the pages of state services: the catalogue with its cards, and
// the organisation's applications from the draft to the result.
//
//	/cabinet/services                      the catalogue: search and filters
//	/cabinet/services/{service}            a card: steps, documents, «Подать заявку»
//	/cabinet/applications                  «Мои заявки»
//	/cabinet/applications/{id}             a draft: its fields, saved as they are filled in;
//	                                       what was submitted: status, experts, result
//	/cabinet/applications/{id}/documents   a draft's documents
//	/cabinet/applications/{id}/check       what is wrong or missing; sign and submit
//
// It is a client of the API's room service; files go through that of requests, as a
// submitted application is a request under the same id.
package service
