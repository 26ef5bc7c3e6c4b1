import torch
import torch.nn as nn


def freeze(module):
    for param in module.parameters():
        param.require_grad = False


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.body = nn.Linear(8, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, ids):
        return self.out(torch.tanh(self.body(self.embedding(ids).mean(1))))


if __name__ == "__main__":
    torch.manual_seed(41)
    ids = torch.randint(0, 20, (400, 6))
    y = (ids.float().mean(1) > 9.5).long()
    net = Net()
    with torch.no_grad():
        net.embedding.weight.copy_(torch.linspace(-1, 1, 20).unsqueeze(1).repeat(1, 8))
    freeze(net.embedding)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
    for epoch in range(6):
        net.train()
        for i in torch.randperm(400).split(25):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(ids[i]), y[i])
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())
