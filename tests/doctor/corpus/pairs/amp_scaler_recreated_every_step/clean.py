import torch
from torch import nn


class AmpTrainer:
    def __init__(self, model, lr=3e-3):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device)
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=lr)
        self.scaler = torch.amp.GradScaler(self.device, init_scale=2.0**12)

    def step(self, x, y):
        x, y = x.to(self.device), y.to(self.device)
        self.opt.zero_grad()
        with torch.autocast(device_type=self.device, dtype=torch.float16):
            out = self.model(x)
        loss = nn.functional.mse_loss(out.float(), y)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.opt)
        self.scaler.update()
        return loss.item()


torch.manual_seed(14)
x = torch.randn(400, 8)
y = x[:, :1].tanh() * 2
t = AmpTrainer(nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 1)))
for epoch in range(4):
    t.model.train()
    v = [t.step(x[i], y[i]) for i in torch.randperm(400).split(50)]
    print(epoch, sum(v) / len(v))
