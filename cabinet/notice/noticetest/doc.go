// Package noticetest gives the tests of rooms the Notices that they tell of what
// they change, over the base of cabinettest. Only tests may import it.
package noticetest
