// Package request is the pages of the inbox: what the organisation asks of
// authorities and of the support (appeals, corrections, messages, tickets), and
// what is asked of it (requirements, messages).
//
//	/cabinet/requests                 the list: filters, due dates, export
//	/cabinet/requests/new             a new appeal, correction, message or ticket
//	/cabinet/requests/{id}            the thread, what can be done, the answer
//	/cabinet/requests/{id}/sign       an answer with a signed file
//	/cabinet/requests/{id}/messages   one post: its versions, and a new one
//	/cabinet/request-templates        texts for answers
//	/cabinet/support                  how the support is reached, frequent questions
//
// It is a client of the API's room request like any other and knows no more than it
// answers.
package request
