// Package registry keeps the records of the state register of organisations that
// operators imported from its published files, and finds them by ИНН and ОГРН.
//
// It owns: the tables registry_records and registry_files, that the record of the
// newer extract stands, and that an import which was cut goes on where it stopped.
//
// It must not know: the form of the files (egrul does), nor what a record is used for.
package registry
