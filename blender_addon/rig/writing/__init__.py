"""What is to be keyed, as an action: all of it or nothing, and the way back."""
