import torch
from torch import nn


class TwoOut(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 4))

    def forward(self, x):
        logits = self.net(x)
        return {"logits": logits, "probs": logits.softmax(-1)}


torch.manual_seed(55)
x = torch.randn(300, 5)
y = x[:, :4].argmax(1)
model = TwoOut()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(300).split(30):
        out = model(x[i])
        loss = nn.functional.cross_entropy(out["logits"], y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item(), "mean confidence", out["probs"].detach().amax(1).mean().item())
