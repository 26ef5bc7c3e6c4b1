import torch
from torch import nn

torch.manual_seed(120)
V = 6
seq = torch.randint(0, V, (500, 7))
target = (seq == 0).sum(1).ge(2).long()


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, s):
        return self.mlp(self.emb(s).mean(1))


bag = Bag()
opt = torch.optim.Adam(bag.parameters(), lr=1e-2)
for epoch in range(5):
    bag.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.cross_entropy(bag(seq[i]), target[i]).backward()
        opt.step()
    bag.eval()
    with torch.no_grad():
        print(epoch, (bag(seq[400:]).argmax(1) == target[400:]).float().mean().item())
