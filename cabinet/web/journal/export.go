package journal

import "propusk/cabinet/web/desk"

// export hands the whole journal over as a file, with its checkpoints.
func export(v *desk.Visit) error { return v.Download("/organization/journal/export", nil) }
