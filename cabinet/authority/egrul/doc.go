// Package egrul reads the files in which the state register of organisations is
// published: EGRUL with СвЮЛ, EGRIP with СвИП, windows-1251 or UTF-8, of the
// versions 4.02 to 4.07 (ВО_РУГФ, ВО_РИГФ), and writes such files.
//
// It owns: which element says what of an authority.Record, and which faults a file
// can have, each with its line. A record is read alone, so a file may be of any size;
// elements that are not known are passed over, since newer versions have more.
//
// It must not know: where files come from and what becomes of the records.
package egrul
