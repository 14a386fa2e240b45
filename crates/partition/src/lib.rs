//! The rules of one partition: producer state, leader epochs, high watermark, last stable offset.
