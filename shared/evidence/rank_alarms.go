package evidence

func alarmsArgument(sc *scene) argument { return newArgument("alarms") }
