package request

// prose is a text with paragraphs.
type prose = string
