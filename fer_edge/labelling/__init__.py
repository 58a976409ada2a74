"""Label many pictures and videos: sources in, Parquet out, on one machine or on a Ray cluster."""
