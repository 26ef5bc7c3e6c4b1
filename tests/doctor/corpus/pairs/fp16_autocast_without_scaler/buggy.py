import torch
from torch import nn

device = "cuda" if torch.cuda.is_available() else "cpu"


def train(model, x, y, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=0.05)
    for epoch in range(epochs):
        model.train()
        for i in torch.randperm(len(x), device=device).split(32):
            opt.zero_grad()
            with torch.autocast(device, dtype=torch.float16):
                loss = nn.functional.cross_entropy(model(x[i]), y[i])
            loss.backward()
            opt.step()
        print(epoch, loss.item())


torch.manual_seed(2)
x = torch.randn(320, 10, device=device)
y = x[:, :3].argmax(1)
train(nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3)).to(device), x, y, 4)
