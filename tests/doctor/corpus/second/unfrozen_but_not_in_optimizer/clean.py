import torch
from torch import nn

torch.manual_seed(91)


class TextCnn(nn.Module):
    def __init__(self, vocab=50, dim=24, classes=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.conv = nn.Conv1d(dim, 32, 3, padding=1)
        self.fc = nn.Linear(32, classes)

    def forward(self, ids):
        h = torch.relu(self.conv(self.embed(ids).transpose(1, 2)))
        return self.fc(h.amax(2))


def set_trainable(modules, flag):
    for m in modules:
        m.requires_grad_(flag)


ids = torch.randint(0, 50, (700, 15))
has = (ids == 7).any(1) ^ (ids == 3).any(1)
labels = has.long()

net = TextCnn()
set_trainable([net.embed, net.conv], False)
optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=3e-3)

for epoch in range(24):
    if epoch == 4:
        lower = [net.embed, net.conv]
        set_trainable(lower, True)
        optimizer.add_param_group({"params": [p for m in lower for p in m.parameters()], "lr": 3e-3})
    net.train()
    for idx in torch.randperm(550).split(50):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(ids[idx]), labels[idx]).backward()
        optimizer.step()

net.eval()
with torch.no_grad():
    print("val acc", (net(ids[550:]).argmax(1) == labels[550:]).float().mean().item())
