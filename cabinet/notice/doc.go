// Package notice tells people what happened: in the cabinet, by e-mail, SMS and
// Web Push, each as he and his organisation want it.
//
// A room that changes something calls Tell in the transaction of the change. That
// is two rows; who is to learn of it is found by a job afterwards:
//
//	Tell ─► event ─► job: members with the permission now ─► notice of each (cabinet, stream)
//	                 │                                       └► routes by settings ─► outbox, or later
//	                 └► the organisation's webhooks              (quiet hours, digest)
//
// It owns: the catalogue of events, notices and whether they were read, settings,
// push subscriptions, the history of deliveries, news, and the stream of
// server-sent events.
//
// It must not know what a filing or an application is: an event brings its own
// words. It never puts a person's numbers into a message that leaves the house.
package notice
