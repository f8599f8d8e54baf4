package gate

// RecentMost is how many slots a gate keeps in mind.
const RecentMost = recentMost
