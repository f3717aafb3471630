"""What an answer is worth: scores, statistics, comparisons and their report. numpy alone."""
