"""What a sweep goes over, how it gives up what falls behind, and its plot."""
