package factor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// DeviceStore keeps the devices; *directory.Directory.
type DeviceStore interface {
	Devices(ctx context.Context, personID string) ([]directory.Device, error)
	DeviceBySecret(ctx context.Context, personID, secretHash string) (directory.Device, error)
	AddDevice(ctx context.Context, device directory.Device, secretHash string) (directory.Device, error)
	SeeDevice(ctx context.Context, device directory.Device) error
	TrustDevice(ctx context.Context, personID, id string, until storage.Time) error
	ForgetDevice(ctx context.Context, personID, id string) error
	ForgetDevices(ctx context.Context, personID, except string) error
}

// DeviceDeps is what Devices stands on.
type DeviceDeps struct {
	Directory DeviceStore
	Now       func() time.Time
	TrustFor  time.Duration // how long a trusted device stands in for the second factor; default 30 days
}

// Devices knows browsers again, by a secret in a cookie.
//
// A device that has signed in a person before is known: failures there are
// counted for themselves (Guess.Device), so that strangers cannot keep the
// person out. One that the person chose to trust stands in for his second
// factor for a while.
//
// The cookie holds one secret for each person who has signed in in the browser,
// each made at that person's sign-in. A secret that somebody planted in the
// cookie before is therefore never the victim's, and one that was moved to
// another person's browser is nothing there.
type Devices struct{ DeviceDeps }

// mostSecrets are kept in one cookie; the oldest goes.
const mostSecrets = 8

const deviceSecret = 32 // bytes

// NewDevices returns them, or an error that names what is missing.
func NewDevices(deps DeviceDeps) (*Devices, error) {
	if deps.Directory == nil || deps.Now == nil {
		return nil, errors.New("factor: devices: Directory and Now are required")
	}
	if deps.TrustFor <= 0 {
		deps.TrustFor = 30 * 24 * time.Hour
	}
	return &Devices{deps}, nil
}

// Visit is what a request tells of its browser.
type Visit struct {
	UserAgent string
	IP        string
	Country   string // of IP, ISO 3166-1 alpha-2; "" when not known
}

// Known finds the person's device by the cookie; false when this browser has
// not signed this person in, or was forgotten.
func (d *Devices) Known(ctx context.Context, personID, cookie string) (directory.Device, bool, error) {
	for _, secret := range secrets(cookie) {
		device, err := d.Directory.DeviceBySecret(ctx, personID, hashed(secret))
		if !errors.Is(err, storage.ErrNotFound) {
			return device, err == nil, err
		}
	}
	return directory.Device{}, false, nil
}

// Remember makes the browser known to the person after a full sign-in, or marks
// that it was used again. It returns the cookie's new value, which is cookie
// itself when nothing changed.
func (d *Devices) Remember(ctx context.Context, personID, cookie string, v Visit) (string, directory.Device, error) {
	device, known, err := d.Known(ctx, personID, cookie)
	if err != nil {
		return cookie, device, err
	}
	device.PersonID, device.UserAgent, device.IP, device.Country = personID, v.UserAgent, v.IP, v.Country
	if known {
		return cookie, device, d.Directory.SeeDevice(ctx, device)
	}
	random := make([]byte, deviceSecret)
	rand.Read(random) // never fails (Go 1.24)
	secret := base64.RawURLEncoding.EncodeToString(random)
	device, err = d.Directory.AddDevice(ctx, device, hashed(secret))
	if err != nil {
		return cookie, device, err
	}
	kept := append(secrets(cookie), secret)
	return strings.Join(kept[max(0, len(kept)-mostSecrets):], "."), device, nil
}

// Trust lets a known device of the person stand in for the second factor from
// now on, for TrustFor; storage.ErrNotFound. Trusting it again prolongs.
func (d *Devices) Trust(ctx context.Context, personID, id string) (until time.Time, err error) {
	until = d.Now().Add(d.TrustFor)
	return until, d.Directory.TrustDevice(ctx, personID, id, storage.Of(until))
}

// Distrust takes the trust back; the device stays known. storage.ErrNotFound.
func (d *Devices) Distrust(ctx context.Context, personID, id string) error {
	return d.Directory.TrustDevice(ctx, personID, id, 0)
}

// List is the person's known devices, the one seen last first.
func (d *Devices) List(ctx context.Context, personID string) ([]directory.Device, error) {
	return d.Directory.Devices(ctx, personID)
}

// Forget makes a device a strange one; storage.ErrNotFound.
func (d *Devices) Forget(ctx context.Context, personID, id string) error {
	return d.Directory.ForgetDevice(ctx, personID, id)
}

// ForgetAll makes all the person's devices strange ones but except, which may
// be "".
func (d *Devices) ForgetAll(ctx context.Context, personID, except string) error {
	return d.Directory.ForgetDevices(ctx, personID, except)
}

// secrets reads a cookie. What is not a secret of ours is left out, and so is
// what comes after as many as we write: a cookie is anybody's to make up.
func secrets(cookie string) (list []string) {
	for secret := range strings.SplitSeq(cookie, ".") {
		if len(list) < mostSecrets && len(secret) == base64.RawURLEncoding.EncodedLen(deviceSecret) {
			list = append(list, secret)
		}
	}
	return list
}

func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
