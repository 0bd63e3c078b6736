// What administrators ask: DescribeGroups, ListGroups, DeleteGroups.

extension GroupCoordinator {
    /// - Parameter apiVersion: DescribeGroups' version: from 6 a group that is not known is an error besides being dead.
    package func describe(groupId: String, apiVersion: Int16) -> DescribedGroup {
        guard let group = groups[groupId] else {
            return DescribedGroup(error: apiVersion >= 6 ? .groupIdNotFound : .none, groupId: groupId, state: .dead)
        }
        let isStable = group.state == .stable
        return DescribedGroup(
            error: .none, groupId: groupId, state: group.state, protocolType: group.protocolType ?? "",
            protocolData: isStable ? group.protocolName ?? "" : "",
            members: group.members.map {
                DescribedGroup.Member(
                    memberId: $0.id, instanceId: $0.instanceId, clientId: $0.clientId, clientHost: $0.clientHost,
                    metadata: isStable ? $0.metadata(of: group.protocolName) : [], assignment: isStable ? $0.assignment : [])
            })
    }

    /// Groups in order of their ids.
    ///
    /// - Parameters:
    ///   - states: Names of states, in any case; empty for all.
    ///   - types: Names of types, in any case; empty for all. All groups here are `classic`.
    package func list(states: [String] = [], types: [String] = []) -> [ListedGroup] {
        let states = Set(states.map { $0.lowercased() })
        if !types.isEmpty && !types.contains(where: { $0.lowercased() == "classic" }) { return [] }
        return groups.values
            .filter { states.isEmpty || states.contains($0.state.rawValue.lowercased()) }
            .map { ListedGroup(groupId: $0.id, protocolType: $0.protocolType ?? "", state: $0.state, type: "classic") }
            .sorted { $0.groupId < $1.groupId }
    }

    /// Deletes groups that have no members, with their offsets.
    package mutating func delete(groupIds: [String], token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        var errors: [GroupError] = []
        for groupId in groupIds {
            switch groups[groupId]?.state {
            case nil, .dead: errors.append(.groupIdNotFound)
            case .empty:
                errors.append(.none)
                persist(.groupRemoved(groupId: groupId))
            case .preparingRebalance, .completingRebalance, .stable: errors.append(.nonEmptyGroup)
            }
        }
        reply(token, .delete(errors))
        return finish()
    }
}
