import torch
from torch import nn


class FineTuner:
    """Fine-tunes encoder and head together with two learning rates."""

    def __init__(self, encoder, head, lr_enc=1e-3, lr_head=5e-3):
        self.encoder = encoder
        self.head = head
        self.opt = torch.optim.Adam(
            [
                {"params": encoder.parameters(), "lr": lr_enc},
                {"params": head.parameters(), "lr": lr_head},
            ]
        )

    def step(self, x, y):
        self.encoder.train()
        self.head.train()
        z = self.encoder(x)
        loss = nn.functional.cross_entropy(self.head(z), y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    @torch.no_grad()
    def accuracy(self, x, y):
        self.encoder.eval()
        self.head.eval()
        return (self.head(self.encoder(x)).argmax(1) == y).float().mean().item()


torch.manual_seed(10)
x = torch.randn(500, 12)
y = (x[:, 0].abs() + x[:, 1] > 0.6).long()
ft = FineTuner(nn.Sequential(nn.Linear(12, 24), nn.ReLU()), nn.Linear(24, 2))
for epoch in range(8):
    for idx in torch.randperm(400).split(40):
        ft.step(x[idx], y[idx])
    print(epoch, ft.accuracy(x[400:], y[400:]))
