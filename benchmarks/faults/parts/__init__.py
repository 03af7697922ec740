"""What more than one program needs: styles of logging, schedules, the emulated fp16 loss scale."""
