"""What tests share: brokers, processes, waiting; the independent oracle and its trouble."""
