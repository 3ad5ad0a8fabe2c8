// Package report knows the formats of what companies file with the state: which
// reports there are, what a file of each must look like, and what to say to the
// person whose file is wrong.
//
//	bytes ─► Read (xml.go: strict, bounded, with positions) ─► Tree
//	                                   │
//	Check (check.go) ◄─────────────────┘
//	  name of the file ─► header ─► requisites ─► structure (schema.go) ─► sums (ratio.go)
//	                                   │
//	                                   └─► Faults, each with code, line, column, element, advice
//
//	Values (form.go) ─► Write ─► the same bytes ─► the same Check
//	XLSX (template.go) ─► Values
//
// It owns: the catalogue of report types with their periods and deadlines, the
// production calendar, the declared structure of each report and its control
// ratios. All of these are data; the code that walks them is small.
//
// The structures are written down by us after what the Federal Tax Service
// publishes of its formats (names of elements and attributes, codes of lines,
// conditions); they hold the part of each report that our catalogue offers, and
// a body that authorities refuse nevertheless comes back as their refusal.
//
// It must not know: who files, where filings are kept, what was signed. There is
// no SQL and no HTTP here, and the time is always an argument.
package report
