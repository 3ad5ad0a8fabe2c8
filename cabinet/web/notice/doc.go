// Package notice is the pages of what people are told: the notices of the person in
// the organisation, how he is told outside the cabinet, whether it arrived, the
// browsers with push, and the news.
//
//	/cabinet/notices                 the list; read and unread
//	/cabinet/notices/settings        categories × channels, thresholds, quiet hours, digest
//	/cabinet/notices/organisation    the same for members who have set nothing themselves
//	/cabinet/notices/devices         browsers with push; worker.js shows their messages
//	/cabinet/notices/deliveries      history of deliveries
//	/cabinet/news                    news
//
// It is a client of the API's room notice.
package notice
