// Package aws is the contract lane: the adapters of shared/aws, the storage suite, the state machine and a whole incident
// over real SDK clients against moto, an AWS stand-in that we did not write. It needs Python with moto[all,server] 5.2.1 and
// fails without it. FIREFINDER_SKIP_AWS=1 leaves the lane out; CI never sets it.
package aws
