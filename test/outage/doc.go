// Package outage proves the whole way of an alarm, from its queue to the stored decision, against what happens to it in
// a bad hour: doors that stay shut, queues that go away, poison, noisy neighbours. The real handlers run over stores in
// memory and queues with the rules of SQS, in virtual time.
package outage
