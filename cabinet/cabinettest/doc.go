// Package cabinettest tests rooms of the cabinet API in a whole cabinet: guard,
// limits, journal, and the OpenAPI document against which every request and answer
// is held. Isolation is the test that every room must pass.
//
// Only tests import it.
package cabinettest
