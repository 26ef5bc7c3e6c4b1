import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_split(n, gen):
    feats = torch.randn(n, 20, generator=gen)
    labels = (feats[:, :4].sum(1) + 0.8 * torch.randn(n, generator=gen) > 0).long()
    return feats, labels


def train_model(model, data, optimizer, num_epochs=25):
    since = time.time()
    best_model_wts = model.state_dict()
    best_loss = float("inf")

    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train(phase == "train")
            feats, labels = data[phase]
            order = torch.randperm(len(feats)) if phase == "train" else torch.arange(len(feats))
            running_loss = 0.0
            for idx in order.split(32):
                with torch.set_grad_enabled(phase == "train"):
                    loss = F.cross_entropy(model(feats[idx]), labels[idx])
                    if phase == "train":
                        optimizer.zero_grad()
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * len(idx)
            epoch_loss = running_loss / len(feats)
            if phase == "val" and epoch_loss < best_loss:
                best_loss = epoch_loss
                best_model_wts = model.state_dict()

    print("done in {:.1f}s, best val loss {:.4f}".format(time.time() - since, best_loss))
    model.load_state_dict(best_model_wts)
    return model


gen = torch.Generator().manual_seed(7)
torch.manual_seed(7)
data = {"train": make_split(256, gen), "val": make_split(256, gen)}
test_x, test_y = make_split(400, gen)
net = nn.Sequential(nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 2))
net = train_model(net, data, torch.optim.Adam(net.parameters(), lr=3e-3))

net.eval()
with torch.no_grad():
    print("test loss", F.cross_entropy(net(test_x), test_y).item())
