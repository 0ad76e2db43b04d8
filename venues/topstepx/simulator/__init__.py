"""The TopstepX gateway, simulated on the wire: REST, two SignalR hubs, one account, one tape."""
