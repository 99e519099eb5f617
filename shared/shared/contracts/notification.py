"""notification_service: listens to everybody, and has nothing to tell yet."""
