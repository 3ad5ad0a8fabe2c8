// Package paymenttest gives tests the room of payments with both far sides in their
// hands: the body that tells of charges, and the provider that moves the money. All
// messages are signed as in earnest. Only tests import it.
package paymenttest
