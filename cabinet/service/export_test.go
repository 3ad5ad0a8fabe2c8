package service

import "context"

// RemindRenewals is a turn of the reminders, as the jobs would make it.
func (d *Desk) RemindRenewals(ctx context.Context) error { return d.remindRenewals(ctx) }
