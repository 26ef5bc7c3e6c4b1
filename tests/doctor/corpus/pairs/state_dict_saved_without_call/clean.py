import os
import tempfile
import torch
import torch.nn as nn


def main():
    torch.manual_seed(132)
    x = torch.randn(300, 4)
    y = x.mean(1, keepdim=True)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    out = tempfile.mkdtemp()
    for epoch in range(3):
        model.train()
        for i in torch.randperm(300).split(30):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x[i]), y[i])
            loss.backward()
            opt.step()
        path = os.path.join(out, f"epoch{epoch}.pt")
        torch.save({"epoch": epoch, "model": model.state_dict(), "opt": opt.state_dict()}, path)
        print(epoch, loss.item(), os.path.exists(path))


if __name__ == "__main__":
    main()
