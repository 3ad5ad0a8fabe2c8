package extract_test

import "propusk/cabinet/extract"

func orderOf(kind, format string) extract.Order { return extract.Order{Kind: kind, Format: format} }
