print("local-broker: not built yet")
