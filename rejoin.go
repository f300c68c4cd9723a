package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A member that is removed from its group, and learns of it only as it joins again, joins as a new one: franz-go says nothing of that
// where it is given the same partitions, and goes on where it was (v1.22.2, UNKNOWN_MEMBER_ID at JoinGroup). Another member may have
// had them in between and have gone on. So an assignment knows the member that it was made for.

// sign puts the topic's mark on a commit, and stops one of assignments that were made for another member.
func (r *reader) sign(req *kmsg.OffsetCommitRequest, due map[*assignment]pledge) error {
	for a := range due {
		if a.member != req.MemberID {
			return ErrNotOwned
		}
	}
	return r.markTopic(req)
}

// checkMembership ends the assignments that were made for another member, and has the partitions assigned anew, at the group's
// offsets.
func (r *reader) checkMembership(cl *kgo.Client) {
	id, _ := cl.GroupMetadata()
	if id == "" { // it is joining
		return
	}
	var stale []int32
	r.mu.Lock()
	for p, a := range r.assigned {
		if a.member != id {
			r.endLocked(a)
			stale = append(stale, p)
		}
	}
	r.mu.Unlock()
	if len(stale) == 0 {
		return
	}
	r.log().Warn("kafka: the group removed this member and took it in again; what is not committed is delivered again",
		"partitions", stale)
	r.readAnew(cl)
}
