// Package conf owns every setting of propusk: one typed [Config], whose
// defaults start a single node with nothing set.
//
// A value comes from, later ones winning:
//
//  1. [Default];
//  2. the YAML file named on the command line (conf/propusk.example.yaml shows
//     every field with its default);
//  3. the environment: the field database.url is PROPUSK_DATABASE_URL.
//
// [Config.Validate] names every fault at once, each with its field, so that an
// operator mends a configuration in one round.
//
// conf must not know who uses a setting: it imports nothing of ours, opens
// nothing but the configuration file, and only cmd reads it.
package conf
