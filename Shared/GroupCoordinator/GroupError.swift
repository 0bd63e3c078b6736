/// The protocol's error codes that the coordinator answers with; the raw value is what goes on the wire.
package enum GroupError: Int16, Error, Hashable, Sendable {
    case unknownServerError = -1
    case none = 0
    case unknownTopicOrPartition = 3
    case offsetMetadataTooLarge = 12
    case coordinatorNotAvailable = 15
    case illegalGeneration = 22
    case inconsistentGroupProtocol = 23
    case invalidGroupId = 24
    case unknownMemberId = 25
    case invalidSessionTimeout = 26
    case rebalanceInProgress = 27
    case invalidRequest = 42
    case policyViolation = 44
    case nonEmptyGroup = 68
    case groupIdNotFound = 69
    case memberIdRequired = 79
    case groupMaxSizeReached = 81
    case fencedInstanceId = 82
}
