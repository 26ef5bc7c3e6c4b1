import torch
import torch.nn as nn


def make_model(width: int) -> nn.Sequential:
    layers = [nn.Linear(15, width), nn.BatchNorm1d(width), nn.ReLU()]
    layers += [nn.Linear(width, 1)]
    return nn.Sequential(*layers)


def epoch(model, opt, loss_fn, x, y):
    model.train()
    for idx in torch.randperm(len(x)).split(64):
        opt.zero_grad(set_to_none=True)
        loss = loss_fn(model(x[idx]).squeeze(1), y[idx])
        loss.backward()
        opt.step()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(77)
    x = torch.randn(640, 15)
    y = (x[:, :3].sum(1) + 0.3 * torch.randn(640) > 0).float()
    model = make_model(32)
    loss_fn = nn.BCEWithLogitsLoss()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for k in range(5):
        last = epoch(model, opt, loss_fn, x[:512], y[:512])
        model.eval()
        with torch.no_grad():
            v = loss_fn(model(x[512:]).squeeze(1), y[512:]).item()
        print(k, round(last, 4), round(v, 4))
