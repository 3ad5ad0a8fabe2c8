package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// Device is a browser in which a person has signed in. Two people on one
// machine are two devices.
type Device struct {
	ID           string       `db:"id"`
	PersonID     string       `db:"person_id"`
	UserAgent    string       `db:"user_agent"` // as the browser sent it last
	IP           string       `db:"ip"`         // seen last
	Country      string       `db:"country"`    // of IP, ISO 3166-1 alpha-2; "" when not known
	TrustedUntil storage.Time `db:"trusted_until"`
	CreatedAt    storage.Time `db:"created_at"`
	SeenAt       storage.Time `db:"seen_at"`
}

// Trusted reports whether the device stands in for a second factor.
func (d Device) Trusted(now storage.Time) bool { return d.TrustedUntil > now }

const deviceNames = `id, person_id, user_agent, ip, country, trusted_until, created_at, seen_at`

// mostDevices are kept of a person; the one not seen for longest goes.
const mostDevices = 50

// Devices lists the person's devices, the one seen last first.
func (d *Directory) Devices(ctx context.Context, personID string) ([]Device, error) {
	var list []Device
	err := d.db.Select(ctx, &list, `SELECT `+deviceNames+` FROM devices
		WHERE person_id = $1 AND secret_hash <> '' ORDER BY seen_at DESC, id DESC`, personID)
	if err != nil {
		return nil, fmt.Errorf("directory: devices: %w", err)
	}
	return list, nil
}

// DeviceBySecret finds the person's device by the SHA-256 of its secret;
// storage.ErrNotFound also when the secret is another person's.
func (d *Directory) DeviceBySecret(ctx context.Context, personID, secretHash string) (Device, error) {
	var device Device
	err := d.db.Get(ctx, &device, `SELECT `+deviceNames+` FROM devices WHERE person_id = $1 AND secret_hash = $2`, personID, secretHash)
	if err != nil {
		return Device{}, fmt.Errorf("directory: device: %w", err)
	}
	return device, nil
}

// AddDevice records a browser in which the person has signed in for the first
// time, under the SHA-256 of its secret. The person is told, but for the very
// first one that he ever had. ID and times are filled in.
func (d *Directory) AddDevice(ctx context.Context, device Device, secretHash string) (Device, error) {
	device.ID, device.CreatedAt, device.SeenAt = storage.NewID(), d.time(), d.time()
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		before, err := d.Devices(ctx, device.PersonID)
		if err != nil {
			return err
		}
		_, err = d.db.Exec(ctx, `INSERT INTO devices (id, person_id, secret_hash, user_agent, ip, country, trusted_until, created_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, device.ID, device.PersonID, secretHash, device.UserAgent,
			device.IP, device.Country, device.TrustedUntil, device.CreatedAt, device.SeenAt)
		if err != nil {
			return fmt.Errorf("directory: add device: %w", err)
		}
		for i := mostDevices - 1; i < len(before); i++ {
			if err := d.deleteDevice(ctx, device.PersonID, before[i].ID); err != nil {
				return err
			}
		}
		first, err := d.firstDevice(ctx, device)
		if err != nil {
			return err
		}
		details := map[string]string{"device": device.ID}
		if err := d.record(ctx, Actor{PersonID: device.PersonID}, "", "device.added", device.PersonID, details); err != nil || first {
			return err
		}
		return d.tellDevice(ctx, device, "device.added.you", device.CreatedAt)
	})
	return device, err
}

// firstDevice tells that the person has had no other. A row without a secret
// stands for those that were forgotten: whoever makes the house forget devices
// must not be able to come in on a new one untold.
func (d *Directory) firstDevice(ctx context.Context, device Device) (bool, error) {
	var others int
	err := d.db.Get(ctx, &others, `SELECT COUNT(*) FROM devices WHERE person_id = $1 AND id <> $2`, device.PersonID, device.ID)
	if err != nil {
		return false, fmt.Errorf("directory: count devices: %w", err)
	}
	return others == 0, nil
}

// remain leaves the row that stands for forgotten devices.
func (d *Directory) remain(ctx context.Context, personID string) error {
	_, err := d.db.Exec(ctx, `INSERT INTO devices (id, person_id, secret_hash, user_agent, ip, country, trusted_until, created_at, seen_at)
		VALUES ($1, $2, '', '', '', '', 0, $3, $3) ON CONFLICT (person_id, secret_hash) DO NOTHING`, storage.NewID(), personID, d.time())
	if err != nil {
		return fmt.Errorf("directory: forget device: %w", err)
	}
	return nil
}

// SeeDevice records that a known device was used; it keeps ID and times.
func (d *Directory) SeeDevice(ctx context.Context, device Device) error {
	_, err := d.db.Exec(ctx, `UPDATE devices SET user_agent = $1, ip = $2, country = $3, seen_at = $4 WHERE person_id = $5 AND id = $6`,
		device.UserAgent, device.IP, device.Country, d.time(), device.PersonID, device.ID)
	if err != nil {
		return fmt.Errorf("directory: see device: %w", err)
	}
	return nil
}

// TrustDevice lets the device stand in for the second factor until the given
// time, and tells the person; storage.ErrNotFound. 0 takes the trust back.
func (d *Directory) TrustDevice(ctx context.Context, personID, id string, until storage.Time) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		var device Device
		err := d.db.Get(ctx, &device, `UPDATE devices SET trusted_until = $1 WHERE person_id = $2 AND id = $3 RETURNING `+deviceNames,
			until, personID, id)
		if err != nil {
			return fmt.Errorf("directory: trust device: %w", err)
		}
		action := "device.trusted"
		if until == 0 {
			action = "device.distrusted"
		}
		if err := d.record(ctx, Actor{PersonID: personID}, "", action, personID, map[string]string{"device": id}); err != nil || until == 0 {
			return err
		}
		return d.tellDevice(ctx, device, "device.trusted.you", until)
	})
}

func (d *Directory) tellDevice(ctx context.Context, device Device, action string, when storage.Time) error {
	p, err := d.Person(ctx, device.PersonID)
	if err != nil {
		return err
	}
	return d.notifyPerson(ctx, p, notice{action: action}.with(func(lang string) []string {
		return []string{"{name}", DeviceName(device.UserAgent, lang), "{where}", device.IP, "{until}", until(lang, when.Time())}
	}))
}

// ForgetDevice makes a device a strange one again; storage.ErrNotFound.
func (d *Directory) ForgetDevice(ctx context.Context, personID, id string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if err := d.deleteDevice(ctx, personID, id); err != nil {
			return err
		}
		return d.record(ctx, Actor{PersonID: personID}, "", "device.forgotten", personID, map[string]string{"device": id})
	})
}

func (d *Directory) deleteDevice(ctx context.Context, personID, id string) error {
	n, err := d.db.Exec(ctx, `DELETE FROM devices WHERE person_id = $1 AND id = $2`, personID, id)
	if err == nil && n == 0 {
		err = storage.ErrNotFound
	}
	if err == nil {
		_, err = d.db.Exec(ctx, `DELETE FROM factor_locks WHERE person_id = $1 AND scope = $2`, personID, id)
	}
	if err != nil {
		return fmt.Errorf("directory: forget device: %w", err)
	}
	return d.remain(ctx, personID)
}

// ForgetDevices makes all the person's devices strange, but for the one with
// the id except.
func (d *Directory) ForgetDevices(ctx context.Context, personID, except string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		_, err := d.db.Exec(ctx, `DELETE FROM devices WHERE person_id = $1 AND id <> $2 AND secret_hash <> ''`, personID, except)
		if err != nil {
			return fmt.Errorf("directory: forget devices: %w", err)
		}
		_, err = d.db.Exec(ctx, `DELETE FROM factor_locks WHERE person_id = $1 AND factor <> 'pin' AND scope <> '' AND scope <> $2`, personID, except)
		if err != nil {
			return fmt.Errorf("directory: forget devices' locks: %w", err)
		}
		if err := d.remain(ctx, personID); err != nil {
			return err
		}
		return d.record(ctx, Actor{PersonID: personID}, "", "device.all_forgotten", personID, nil)
	})
}
